"""The methods of the asynchronous client, with one mixin class per subject."""
