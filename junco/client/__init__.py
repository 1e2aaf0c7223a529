"""The client: a typed HTTP client, and the ``junco`` command. Speaks the contract; never imports the maths."""
