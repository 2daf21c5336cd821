"""Videos as files: probed, and made to fit, in a process of their own."""
