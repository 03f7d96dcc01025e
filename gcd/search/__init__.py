"""A search for boundary structures after GRIP: propose, anneal, relax, keep; on every core, safe against kills."""
