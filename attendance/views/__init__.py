"""Pages of the doors, one module per subject."""
