"""Who is told what will be denied, and when: metrics, Events on workloads, reports."""
