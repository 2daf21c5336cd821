"""What members keep: preferences, presets, drafts, their library, the gallery, feedback."""
