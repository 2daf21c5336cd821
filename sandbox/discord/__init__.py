"""Serves a Discord on loopback: gateway and REST version 10, webhooks, interactions, a CDN, and Discord's limits."""
