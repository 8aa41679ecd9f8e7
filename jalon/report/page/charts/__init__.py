"""The charts of the page: plain data in, options of the chart library out, and the scripts that draw them."""
