"""How is wio used from a terminal? The only room that knows concrete journals, settings and the environment."""
