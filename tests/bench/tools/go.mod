module example.test/bestbefore-bench

go 1.25.0
