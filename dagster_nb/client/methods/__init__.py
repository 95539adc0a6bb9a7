"""The methods of the asynchronous client: one mixin class for each subject."""
