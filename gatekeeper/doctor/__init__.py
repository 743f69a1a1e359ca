"""`bestbefore doctor`: is what is installed as it should be?"""
