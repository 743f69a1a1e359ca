"""The Grafana dashboards of the chart, built in Python: `python -m scripts.dashboards` writes their JSON."""
