"""The page: a template, a style, a script, and Chart.js, which draws."""
