"""Numbers from pictures and from what judges say of them. Knows no network and no data set."""
