"""One run in detail: what it is, why it failed, its steps, its log. Used by the explorer and by the monitor."""
