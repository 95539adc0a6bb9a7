"""The views of an explorer: each view draws one part of the model's state."""
