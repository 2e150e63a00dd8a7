"""What a night costs, as ratios against the alternatives; see ``README.md`` here."""
