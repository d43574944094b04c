def update(*a, **k): raise NotImplementedError
