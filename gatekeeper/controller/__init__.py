"""`bestbefore control`: one process in the cluster that watches for people."""
