"""From when each image of a workload would be denied: the same templates, evaluated at later clocks."""
