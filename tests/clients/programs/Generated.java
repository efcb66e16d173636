package javax.annotation;

/** The generated code names this annotation, which is in no JDK since 11. */
public @interface Generated {
  String[] value();

  String date() default "";

  String comments() default "";
}
