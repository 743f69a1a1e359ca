"""Programs for the people who develop this project; none of them is installed."""
