"""``python -m benchmarks``: what ``make bench`` runs."""

from benchmarks.night_bench import main

raise SystemExit(main())
