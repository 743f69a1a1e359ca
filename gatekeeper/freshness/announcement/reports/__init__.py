"""Reports in the form that people's tools read: OpenReports or PolicyReport, whichever the cluster has."""
