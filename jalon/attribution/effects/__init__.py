"""Effects: what channels did for sales, learnt from all journeys; `learning` asks the models, a module each."""
