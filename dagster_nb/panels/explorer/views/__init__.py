"""The views of an explorer. Each view draws one part of the model's state."""
