"""The bets and questions of each lesson: BETS and QUESTIONS, keyed as the notebook calls them."""
