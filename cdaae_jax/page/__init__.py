"""The page in the browser: `cdaae-demo` serves it on this machine."""
