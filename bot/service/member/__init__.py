"""Serves what members have beside their videos: library, gallery, presets, storyboards, defaults, feedback."""
