"""The client: one method a capability, asynchronous first, synchronous derived."""
