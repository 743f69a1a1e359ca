"""Who hears of what will be denied, and when: metrics, Events on workloads, reports."""
