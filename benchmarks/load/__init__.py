"""How many calls one machine carries: capacity, overload, soak, idle."""
