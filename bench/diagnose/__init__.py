"""Looking inside a network: its predictions, its explanations, its units."""
