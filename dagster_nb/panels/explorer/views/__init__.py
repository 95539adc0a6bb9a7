"""The parts of an explorer that are drawn: each draws one part of what the model says."""
