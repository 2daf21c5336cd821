"""What looks at requests before they are made, and at videos after it."""
