"""A kubelet as far as logs go: files as a node has them, and a server that reads them as the real one does.

Logs of one container lie in `FOLDER/NAMESPACE/POD/CONTAINER`: `N.log` of attempt N (0 at first, one more a restart),
and `N.ended` beside it once the process has ended. A rotated file is `N.log.TIME`; nobody reads it, here as there.

`entry` is a line of such a file, `attempt` writes them, `runtime` runs a program and writes what it says, `reading` is
what a kubelet makes of a file for a request, `server` answers the API server.
"""
