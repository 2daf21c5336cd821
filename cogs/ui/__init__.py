"""What every cog needs of Discord: answers, buttons, forms, texts."""
