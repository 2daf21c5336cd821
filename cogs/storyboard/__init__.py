"""The storyboard builder: its command, its forms, its picture."""
