"""What the toolkit costs, beside the least possible and beside its peers."""
