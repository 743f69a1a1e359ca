"""Credentials that a cloud gives to whoever runs in it: ECR, Artifact Registry, ACR, by the clouds' own libraries.

The libraries are extras, imported when the first token is wanted. They know who we are (a role of a service account, a
node's identity) and fetch tokens; they never speak with a registry. All that they send goes through `Web`: to hosts
that are fixed, and to the metadata address, which nobody else here may reach.

    places       which registries are a cloud's; every other host never sees a token
    cloud        what a cloud is asked for, and why it gives nothing
    web          HTTP for the libraries
    threads      where they run: a thread for each cloud
    hush         what they print is not shown
    amazon, google, azure
    credentials  who we are at a registry of a cloud, remembered
"""
