"""The video services. httpx lives here and nowhere else."""
