"""The main job played against a running server, as two phones would play it."""
