"""Is it alive, is it ready, how does it stand."""
