"""The Python side of a pod: a zygote that imports the user's module, and workers that run its functions.

Standard library only: what the user's module needs can never clash with it.
"""
