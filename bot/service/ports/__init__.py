"""What the services need of the outside: somebody who posts, and people to tell."""
