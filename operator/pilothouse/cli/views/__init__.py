"""Objects to text: pure, so that what people see is tested letter by letter."""
