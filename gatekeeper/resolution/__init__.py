"""What a policy names elsewhere: keys in Secrets, texts in ConfigMaps and at URLs."""
