"""What nbgrader is told, by release.py and by its own commands run in this folder."""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "vitutor"
c.CourseDirectory.db_url = "sqlite:///gradebook.db"
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("your code")'}
c.ClearSolutions.text_stub = "*Write your answer here.*"
