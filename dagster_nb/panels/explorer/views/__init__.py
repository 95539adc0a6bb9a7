"""The views of an explorer: each draws one part of the state of the model."""
