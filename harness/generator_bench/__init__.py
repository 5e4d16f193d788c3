"""What the load generator itself costs: `make bench-generator`.

Light clients, complete clients and tsung load the same private ejabberd in turn; CPU and memory
are those of the generator's processes only.
"""
